"""The networks that all contenders build, and how much work each of them is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """Sizes of a PLE for binary tasks.

    Attributes:
        features: number of them.
        levels: the width of the experts (of one layer each), level by level.
        towers: widths of each tower's hidden layers; may be empty.
        shared, own: shared experts, and experts of each task, on every level.
        tasks: number of them.
    """

    features: int
    levels: tuple
    towers: tuple
    shared: int = 3
    own: int = 2
    tasks: int = 2

    def products(self):
        """Floating-point operations of the products with weights, one sample forward: of all layers, and of the first.

        The first layer is the experts and gates that read the features. As in ``budget.cost`` a multiply-add counts two;
        the weighted sums of experts are left out here.
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

    def training(self):
        """Floating-point operations a sample in training: by the usual convention, and what is really needed.

        The convention is three times the products forward: one for the outputs, one for the gradient of the weights, one
        for the gradient of the inputs. Nobody needs the last of the first layer, whose inputs are the features.
        """
        products, first = self.products()
        return 3 * products, 3 * products - first

    def of_one_width(self, **changes):
        """The nearest network whose levels are equally wide, of no more operations; widths are multiples of eight."""
        if len(set(self.levels)) == 1:
            return Network(**(vars(self) | changes))
        widths = range(max(self.levels), 7, -8)
        networks = (Network(**(vars(self) | changes | {"levels": (w,) * len(self.levels)})) for w in widths)
        return next(network for network in networks if network.products()[0] <= self.products()[0])


NETWORKS = {
    "listing": Network(features=10, levels=(16,), towers=()),
    "trial": Network(features=100, levels=(16, 16), towers=(8,)),
    "paper": Network(features=512, levels=(256, 128), towers=(64,)),
}
