"""How fast this package trains, next to other ways and packages: ``python -m benchmarks``, from the top of the checkout."""
