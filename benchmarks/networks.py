"""The networks that all contenders build, and how many operations each of them takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """The sizes of a PLE for binary tasks.

    Attributes:
        features: the number of features.
        levels: the units of each expert (one layer), level by level.
        towers: the units of each hidden layer of a tower; may be empty.
        shared, own: the number of shared experts, and of experts for each task, on every level.
        tasks: the number of tasks.
    """

    features: int
    levels: tuple[int, ...]
    towers: tuple[int, ...]
    shared: int = 3
    own: int = 2
    tasks: int = 2

    def products(self) -> tuple[int, int]:
        """Return the operations of the products with weights for one sample forward: of all layers, and of the first layer.

        The first layer is the experts and gates that read the features. As in ``budget.cost``, a multiply-add counts as
        two operations. The weighted sums of experts are not counted.
        """
        experts, before, counts = self.shared + self.tasks * self.own, self.features, []
        for number, width in enumerate(self.levels, 1):
            gates = self.tasks * (self.shared + self.own) + experts * (number < len(self.levels))
            counts.append(2 * before * (experts * width + gates))
            before = width
        for width in (*self.towers, 1):
            counts.append(2 * self.tasks * before * width)
            before = width
        return sum(counts), counts[0]

    def training(self) -> tuple[int, int]:
        """Return the operations per sample in training: by convention, and those that are needed.

        The convention is three times the products of a forward pass: one for the outputs, one for the gradient of the
        weights, one for the gradient of the inputs. The first layer does not need the last one: its inputs are the features.
        """
        products, first = self.products()
        return 3 * products, 3 * products - first

    def of_one_width(self, **changes) -> "Network":
        """Return the largest network whose levels all have one width, a multiple of 8, and that takes no more operations."""
        if len(set(self.levels)) == 1:
            return Network(**(vars(self) | changes))
        widths = range(max(self.levels), 7, -8)
        networks = (Network(**(vars(self) | changes | {"levels": (w,) * len(self.levels)})) for w in widths)
        return next(network for network in networks if network.products()[0] <= self.products()[0])


NETWORKS: dict[str, Network] = {
    "listing": Network(features=10, levels=(16,), towers=()),
    "trial": Network(features=100, levels=(16, 16), towers=(8,)),
    "paper": Network(features=512, levels=(256, 128), towers=(64,)),
}
