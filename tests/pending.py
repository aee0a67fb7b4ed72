"""Studies that are defined and have not been run: a name leaves this list when its table is stored. Empty at a release."""

PENDING = {
    *(f"{region}_{part}" for region in ("sign",) for part in ("attempts", "rates", "map")),
    *(f"{region}_conflicts" for region in ("sign",)),
    "groups",
    "mmoe_paper_attempts",
    "mmoe_paper",
    "ple_paper_attempts",
    "ple_paper",
}
