"""The ten architectures written out from their equations, in plain loops: what the package is held against.

It shares no code with the package and knows nothing of its routing tables. A network is the weights, by the package's
names for them, and a handful of sizes; a sample is one row of features; everything is computed in float64.
"""

import math

import numpy as np


class Reference:
    """One network of weights ``{path: array}``; ``tasks`` ``{task: kind}``, ``own`` ``{task: experts}``."""

    def __init__(self, weights, tasks, activation=math.tanh, shared=0, own=None, levels=1):
        self.w = {path: np.asarray(array, dtype=np.float64) for path, array in weights.items()}
        self.tasks, self.names, self.activation = tasks, list(tasks), activation
        self.shared, self.own, self.levels = shared, own or {}, levels
        self.gates = {}  # (level, gate): weights of the last sample
        self.products = 0  # multiplications so far

    def predict(self, architecture, rows):
        """Predictions ``{task: [a number for each row]}`` and gate weights ``{(level, gate): [a list for each row]}``."""
        wired = {name: getattr(self, name.replace("-", "_")) for name in ARCHITECTURES}[architecture]
        outputs, gates = {task: [] for task in self.tasks}, {}
        for row in rows:
            self.gates = {}
            for task, fused in wired([float(value) for value in row]).items():
                outputs[task].append(self.tower(task, fused))
            for key, weights in self.gates.items():
                gates.setdefault(key, []).append(weights)
        return outputs, gates

    # ---- the parts

    def times(self, a, b):
        self.products += 1
        return a * b

    def dense(self, x, kernel, bias):
        return [sum(self.times(x[i], kernel[i][j]) for i in range(len(x))) + bias[j] for j in range(len(bias))]

    def expert(self, level, group, number, x):
        """f_i(x): MMoE paper, Eq. 7."""
        name, layer = f"level{level}_{group}_experts", 0
        while f"{name}/kernel_{layer}" in self.w:
            kernel = self.w[f"{name}/kernel_{layer}"]
            kernel = kernel[:, number, :] if layer == 0 else kernel[number]
            x = [self.activation(v) for v in self.dense(x, kernel, self.w[f"{name}/bias_{layer}"][number])]
            layer += 1
        return x

    def group(self, level, group, count, x):
        return [self.expert(level, group, number, x) for number in range(count)]

    def gate(self, level, stream, selector, experts):
        """g(x) = sum_i softmax(W x)_i f_i(x): MMoE paper, Eqs. 6 to 8; PLE paper, Eqs. 2 and 3."""
        kernel = self.w[f"level{level}_{stream}_gate/kernel"]
        bias = self.w.get(f"level{level}_{stream}_gate/bias", [0.0] * len(experts))
        logits = [sum(self.times(selector[i], kernel[i][e]) for i in range(len(selector))) for e in range(len(experts))]
        logits = [logit + b for logit, b in zip(logits, bias, strict=True)]
        powers = [math.exp(value - max(logits)) for value in logits]
        weights = [power / sum(powers) for power in powers]
        self.gates[level, stream] = weights
        return [
            sum(self.times(weight, expert[u]) for weight, expert in zip(weights, experts, strict=True))
            for u in range(len(experts[0]))
        ]

    def combine(self, name, parts):
        """sum_j alpha_ij x_j for every i, one after the other in one row."""
        row = []
        for alphas in self.w[f"{name}/alphas"]:
            row += [
                sum(self.times(alpha, part[u]) for alpha, part in zip(alphas, parts, strict=True))
                for u in range(len(parts[0]))
            ]
        return row

    def tower(self, task, x):
        layer = 0
        while f"{task}_tower_{layer}/kernel" in self.w:
            kernel, bias = self.w[f"{task}_tower_{layer}/kernel"], self.w[f"{task}_tower_{layer}/bias"]
            x = [self.activation(value) for value in self.dense(x, kernel, bias)]
            layer += 1
        (y,) = self.dense(x, self.w[f"{task}/kernel"], self.w[f"{task}/bias"])
        return 1 / (1 + math.exp(-y)) if self.tasks[task] == "binary" else y

    # ---- the ten, PLE paper, Figure 1

    def single_task(self, x):
        fused = {}
        for task in self.names:
            h = x
            for level in range(1, self.levels + 1):
                h = self.expert(level, task, 0, h)
            fused[task] = h
        return fused

    def hard_sharing(self, x):
        for level in range(1, self.levels + 1):
            x = self.expert(level, "shared", 0, x)
        return dict.fromkeys(self.names, x)

    def asymmetric(self, x):
        """The first task's bottom serves all; every other tower reads it beside its own."""
        bottoms = {task: self.expert(1, task, 0, x) for task in self.names}
        first = bottoms[self.names[0]]
        return {task: first if task == self.names[0] else first + bottoms[task] for task in self.names}

    def customized(self, x):
        common = self.expert(1, "shared", 0, x)
        return {task: self.expert(1, task, 0, x) + common for task in self.names}

    def cross_stitch(self, x):
        """x~_i = sum_j alpha_ij x_j after every level: MMoE paper, section 5.2."""
        columns = dict.fromkeys(self.names, x)
        for level in range(1, self.levels + 1):
            outputs = [self.expert(level, task, 0, columns[task]) for task in self.names]
            columns = {task: self.combine(f"level{level}_{task}_stitch", outputs) for task in self.names}
        return columns

    def sluice(self, x):
        """Two sub-spaces a column, all stitched to all (alpha); a tower reads a combination of all levels (beta)."""
        columns, history = dict.fromkeys(self.names, x), {task: [] for task in self.names}
        for level in range(1, self.levels + 1):
            spaces = [self.expert(level, task, space, columns[task]) for task in self.names for space in (0, 1)]
            for task in self.names:
                columns[task] = self.combine(f"level{level}_{task}_stitch", spaces)
                history[task].append(columns[task])
        return {task: self.combine(f"{task}_tower_reads", history[task]) for task in self.names}

    def mmoe(self, x):
        experts = self.group(1, "shared", self.shared, x)
        return {task: self.gate(1, task, x, experts) for task in self.names}

    def ml_mmoe(self, x):
        """Every expert of an upper level has a gate of its own over the level below; all gates read the features."""
        outputs = self.group(1, "shared", self.shared, x)
        for level in range(2, self.levels + 1):
            inputs = [self.gate(level - 1, f"shared_{i + 1}", x, outputs) for i in range(self.shared)]
            outputs = [self.expert(level, f"shared_{i + 1}", 0, inputs[i]) for i in range(self.shared)]
        return {task: self.gate(self.levels, task, x, outputs) for task in self.names}

    def cgc(self, x):
        """PLE paper, Eqs. 2 to 4."""
        common = self.group(1, "shared", self.shared, x)
        return {task: self.gate(1, task, x, self.group(1, task, self.own[task], x) + common) for task in self.names}

    def ple(self, x):
        """PLE paper, Eqs. 6 and 7: g^{k,j}(x) = w^{k,j}(g^{k,j-1}(x)) S^{k,j}(x), and a shared gate over all experts."""
        streams = dict.fromkeys([*self.names, "shared"], x)
        for level in range(1, self.levels + 1):
            own = {task: self.group(level, task, self.own[task], streams[task]) for task in self.names}
            common = self.group(level, "shared", self.shared, streams["shared"])
            fused = {task: self.gate(level, task, streams[task], own[task] + common) for task in self.names}
            if level < self.levels:
                everyone = [expert for task in self.names for expert in own[task]] + common
                fused["shared"] = self.gate(level, "shared", streams["shared"], everyone)
            streams = fused
        return streams


ARCHITECTURES = (
    "single-task", "hard-sharing", "asymmetric", "customized", "cross-stitch",
    "sluice", "mmoe", "ml-mmoe", "cgc", "ple",
)  # fmt: skip
