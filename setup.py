"""Build the package together with the stored tables, so that the chapters find them where the project is not cloned.

All else is in pyproject.toml, which cannot name a package that lies in a folder of another name next to those that it finds.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["ple_tutorial*"]), "ple_tutorial.stored"],
    package_dir={"ple_tutorial.stored": "figures"},
    package_data={"ple_tutorial.stored": ["*.csv"]},
)
