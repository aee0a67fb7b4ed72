"""``make mutants``: plants the known faults of the field in a scratch copy, one by one, and sees the tests fail.

Each fault is one that was found in public code or that would make a claim of the chapters false. A fault counts as caught only
if a test *fails*; a copy in which nothing can be collected, or whose sound version fails, proves nothing and ends the run.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FAST = (
    "routing", "layers", "models", "losses", "metrics", "taskdata", "synthetic", "gates", "diagnostics",
    "reference", "step", "loop", "budget", "study_engine", "study_store", "study_themes", "chunks", "early_stopping",
    "batches", "sample_weights", "programs", "callbacks", "checkpoint", "balancing", "balancing_methods", "showing", "drawings",
    "editions", "scoring", "answers",
    "worlds", "funnel", "verdicts", "protocol", "gradients", "regimes", "duel", "results", "gains_and_regimes",
    "claims_and_foretelling",
    "columns", "splitting", "parquet_folders", "without_labels", "census_scaling", "fourth_answers",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A fault: ``edits`` are ``(module, old, new)``, each old text standing once in its module; ``first`` is tried first."""

    fault: str
    first: str
    edits: tuple


def mutant(fault, first, *edits):
    return Mutant(fault, first, edits)


TASK_GATE = 'Mixer("gate", tuple(g for g in (task, SHARED) if g in groups)) for task in tasks}'
SHARED_GATE = 'return Level(level.experts, level.mixers | {SHARED: Mixer("gate", tuple(level.experts))})'
DRAWN = "seeded(self.kernel_initializer, self.seed, layer, i)(one, dtype)"
EXPERTS_READ = "outputs[group] = experts(streams.get(group, x))"
GATES_READ = 'reads = streams.get(stream, x) if mixer.reads == "stream" and chosen is None else for_gates'
SEES = "experts = side_by_side(mixer.sees,"
DENSE = "y = Dense(units, activation, kernel_initializer=kernel, name=name)(y)"
RUN_EPOCH = "losses = program.run(batches.epoch(), weights)"
INSIDE = "inside = {task: tf.cast(tf.gather(mask[task], rows), tf.float32) * filled for task in kinds}"
GAINS = "gains = sign * (multi - single)"
LOST = "lost = [] if sent is None else sorted((set(experts) | gates) - sent)"

MUTANTS = (
    # wiring
    mutant(
        "no shared gate: the upper shared experts read the features",
        "reference",
        ("routing", SHARED_GATE, "return level"),
        ("routing", LOST, "lost = []"),
    ),
    mutant("the shared gate mixes only shared experts", "reference",
           ("routing", SHARED_GATE, SHARED_GATE.replace("tuple(level.experts)", "(SHARED,)"))),
    mutant("a dead shared gate on the last level", "routing",
           ("routing", "    if place.last:\n        return level\n", "")),
    mutant("gates of upper levels read the features", "reference", ("models", GATES_READ, "reads = x")),
    mutant("the shared experts read a task's stream", "reference",
           ("models", EXPERTS_READ,
            EXPERTS_READ.replace("get(group,", "get(table.tasks[0] if group == 'shared' else group,"))),
    mutant("every task gate sees every expert", "reference",
           ("routing", TASK_GATE, 'Mixer("gate", tuple(groups)) for task in tasks}')),
    mutant('a name prefix: task "click" sees the experts of "click_x"', "reference",
           ("routing", TASK_GATE, TASK_GATE.replace("g in (task, SHARED) if g in groups",
                                                    "g in groups if g.startswith((task, SHARED))"))),
    mutant("expert count taken from the other group", "routing",
           ("routing", "({SHARED: shared} if shared else {})", "({SHARED: max(own.values())} if shared else {})")),
    mutant("every task has the first task's number of experts", "reference",
           ("routing", "{task: own[task] for task in tasks if own[task]}",
            "{task: own[tasks[0]] for task in tasks if own[task]}")),
    mutant("towers shared", "models",
           ("models", "    predictions = {}\n", "    predictions, common = {}, {}\n"),
           ("models", DENSE, DENSE.replace("Dense(units", "common.setdefault(i, Dense(units")
            .replace("(y)", ")(y)"))),
    mutant("tasks swapped", "reference",
           ("models", "y = streams[task]\n", "y = streams[table.tasks[len(predictions) - 1]]\n")),
    mutant("asymmetric sharing the wrong way round", "reference",
           ("routing", "giver, *takers = tasks", "*takers, giver = tasks")),
    mutant("a sluice network's towers read the last level alone", "reference",
           ("routing", '_Table(_sluice, many_levels=True, towers="all")', "_Table(_sluice, many_levels=True)")),
    mutant("a stitch starts on another task's expert", "models",
           ("models", "before = mixer.sees[: mixer.sees.index(stream)]", "before = ()")),
    mutant("STEM's stop of the gradient left out", "diagnostics",
           ("models", "keras.ops.stop_gradient(outputs[g]) if g in mixer.detached else outputs[g]", "outputs[g]")),
    mutant("AdaTT's own experts not added", "models",
           ("models", "return keras.layers.Add(name=f\"{name}_plus_own\")([fused, own])", "return fused")),
    # layers
    mutant("identical initial experts", "layers", ("layers", DRAWN, DRAWN.replace(", i)", ")"))),
    mutant("constant initialisers", "layers",
           ("layers", DRAWN, "keras.initializers.Constant(0.01 * (i + 1))(one, dtype)")),
    mutant("gate weights in another order than the experts", "reference",
           ("models", SEES, SEES.replace("mixer.sees", "mixer.sees[::-1]"))),
    mutant("softmax over the batch", "layers",
           ("layers", "return keras.ops.softmax(logits, axis=-1)", "return keras.ops.softmax(logits, axis=0)")),
    mutant("batch normalisation in a gate", "reference",
           ("layers", "logits = (logits + self.bias if self.gate_bias else logits) / self.temperature",
            "logits = (logits + self.bias if self.gate_bias else logits) / self.temperature\n"
            "        logits = (logits - keras.ops.mean(logits, axis=0)) / (keras.ops.std(logits, axis=0) + 1e-3)")),
    mutant("gate dropout without renormalisation", "layers",
           ("layers", "logits = keras.ops.where(kept, logits, -np.inf)",
            "return keras.ops.where(kept, keras.ops.softmax(logits), 0.0)")),
    mutant("a gradient of gate dropout that is not finite", "layers",
           ("layers", "logits = keras.ops.where(kept, logits, -np.inf)",
            "weights = keras.ops.where(kept, keras.ops.softmax(logits), 0.0)\n"
            "            return weights / keras.ops.sum(weights, axis=-1, keepdims=True)")),
    mutant("a squeeze that eats a batch of one", "loop",
           ("training/loop", "part[task].numpy()[:, 0] for part", "part[task].numpy().squeeze() for part")),
    mutant("a sluice network without its penalty", "models",
           ("models", 'penalty = orthogonality if table.towers == "all" else 0.0', "penalty = 0.0")),
    # losses, training, metrics, data
    mutant("loss averaged over the batch", "losses",
           ("losses", "total = keras.ops.sum(mask)", "total = keras.ops.cast(keras.ops.shape(mask)[0], mask.dtype)")),
    mutant("labels outside the sample space take part", "losses",
           ("losses", "mask = keras.ops.cast(mask, per_sample.dtype)", "mask = keras.ops.ones_like(per_sample)")),
    mutant("gain with the wrong sign for MSE", "metrics",
           ("metrics", '"mse": (mean_squared_error, -1)', '"mse": (mean_squared_error, 1)')),
    mutant("gain relative in place of absolute", "metrics", ("metrics", GAINS, GAINS + " / single")),
    mutant("pairs taken apart", "metrics", ("metrics", GAINS, "gains = sign * (np.sort(multi) - np.sort(single))")),
    mutant("a split that leaks", "taskdata",
           ("data/splitting", "parts.append(rest)", "parts.append(np.append(rest, parts[0][:1]))")),
    mutant("the dial's test rows among its training rows", "study_themes",
           ("study/dial", "return data.take(slice(0, rows)), None, data.take(slice(rows, None))",
            "return data.take(slice(0, rows)), None, data.take(slice(rows - 1, None))")),
    mutant("the rows that a model is stopped by among its training rows", "study_themes",
           ("study/family", "both.take(slice(rows, None))", "both.take(slice(rows - 1, None))")),
    mutant("scores on training rows and on new ones changed round", "study_themes",
           ("study/family", '{"train": train, "test": test}[scored]', '{"test": train, "train": test}[scored]')),
    mutant("a control that shares after all", "study_themes",
           ("study/family", 'Mixer("stitch", (task,)) for task in ("a", "b")',
            'Mixer("stitch", ("a", "b")) for task in ("a", "b")')),
    mutant("reach read off a table through a detached group", "diagnostics",
           ("diagnostics/reach", "set(mixer.sees) - set(mixer.detached)", "set(mixer.sees)")),
    mutant("operations of the gates not counted", "budget",
           ("budget", "products += selector * seen + (seen + own) * unit", "products += (seen + own) * unit")),
    mutant("a budget met within a tenth", "budget",
           ("budget", "tolerance: float = 0.01,", "tolerance: float = 0.1,")),
    mutant("validation used for training", "loop",
           ("training/loop", RUN_EPOCH,
            RUN_EPOCH + "\n                if valid is not None:\n"
            "                    more = valid.take(np.resize(np.arange(len(valid)), len(train)))\n"
            "                    program.run(Batches(model, more, batch_size, False, rng).epoch(), weights)")),
    mutant("stopped on the test part", "study_themes",
           ("study/engine", "history = fit(model, train, valid, seed=self.seed",
            "history = fit(model, train, valid and test, seed=self.seed")),
    mutant("the last weights in place of the best", "early_stopping",
           ("training/loop", "program.model.set_weights(stopping.weights)", "pass")),
    mutant("labels not shuffled with their rows", "step",
           ("training/step", "y = {task: tf.gather(labels[task], rows) for task in kinds}",
            "y = {task: tf.gather(labels[task], tf.sort(rows)) for task in kinds}")),
    mutant("the filled-up rows of the last batch count", "step",
           ("training/step", INSIDE, INSIDE.replace(" * filled", ""))),
    mutant("the loss weights left out", "step",
           ("training/step", "balance, losses, weights, state)", "balance, losses, tf.ones_like(weights), state)")),
    mutant("the dial squared", "synthetic",
           ("data/synthetic", "cosines = np.array([[1, p], [p, 1]])", "cosines = np.array([[1, p * p], [p * p, 1]])")),
    mutant("features drawn anew for every correlation", "synthetic",
           ("data/synthetic", "default_rng([seed, 2]).standard_normal((rows, features)",
            "default_rng([seed, 2, int(1e3 * (1 + np.min(correlation)))]).standard_normal((rows, features)")),
    mutant("gate names in the order of the alphabet", "gates",
           ("gates", "tuple(gate.experts), weights", "tuple(sorted(gate.experts, reverse=True)), weights")),
    # the engine
    mutant("sample weights left out", "sample_weights",
           ("training/batches", "m * data.weights.get(t, np.float32(1))", "m * np.float32(1)")),
    mutant("a smaller chunk trains on its filling", "batches",
           ("training/batches", "steps = -(-rows // self.batch_size)", "steps = -(-self.rows // self.batch_size)"),
           ("training/batches", "np.resize(-1 - order, places - rows)", "np.resize(order, places - rows)")),
    mutant("chunks in their stored order", "batches",
           ("training/batches", "self.train.shuffled(self.rng) if shuffles else self.train", "self.train")),
    mutant("the same chunk read twice", "batches",
           ("training/batches", "            yield item", "            yield item\n            yield item")),
    mutant("weights of the last model of the architecture", "programs",
           ("training/programs", "program.take(model)\n        try:", "try:")),
    mutant("a model that never gets its weights back", "programs",
           ("training/programs", "finally:\n            program.give(model)", "finally:\n            pass")),
    mutant("an optimizer that goes on from the last fit", "step",
           ("training/programs", "            variable.value.assign(value)\n        self.learning_rate",
            "            pass\n        self.learning_rate")),
    mutant("functions told apart by their names", "programs",
           ("training/programs", 'if name == "__lambda__" or not (', 'if False and not (')),
    mutant("a program in use handed out again", "programs",
           ("training/programs", "self._free.pop(found[-1])[1]", "self._free[found[-1]][1]")),
    mutant("a checkpoint without the optimizer", "checkpoint",
           ("training/programs", "[*model.variables, *self._own]", "[*model.variables]")),
    mutant("a checkpoint without the order of the rows", "checkpoint",
           ("training/loop", "(rows, stopping.epoch, stopping.value, rng.bit_generator.state), stopping.weights = found",
            "(rows, stopping.epoch, stopping.value, _), stopping.weights = found")),
    mutant("a checkpoint without the best weights", "checkpoint",
           ("training/loop", "saved.save(state, stopping.weights)", "saved.save(state, [])")),
    mutant("other starting weights passed over in silence", "checkpoint",
           ("training/checkpoint", "if self.start not in (", "if 0 and self.start not in (")),
    mutant("a checkpoint that knows a balance by its name alone", "balancing",
           ("training/checkpoint", "return [repr(balance), code]", "return [repr(balance)]")),
    mutant("a checkpoint written in place", "checkpoint",
           ("training/checkpoint", "with replacing(self.path) as unfinished:", "for unfinished in [self.path]:")),
    mutant("a schedule one epoch ahead", "loop",
           ("losses", "self.ratio.get(task, 1.0) ** epoch", "self.ratio.get(task, 1.0) ** (epoch + 1)")),
    mutant("a monitor that can never be a number is accepted", "early_stopping",
           ("training/early_stopping", "if np.isnan(constant[column[monitor]]):", "if False:")),
    mutant("a monitor that turns NaN counts as no improvement", "early_stopping",
           ("training/early_stopping", "if not np.isfinite(value):", "if False:")),
    mutant("stopping at the worst epoch", "early_stopping",
           ("training/early_stopping", "-METRICS[column[monitor][1]][1]", "METRICS[column[monitor][1]][1]")),
    mutant("callbacks look at stale weights", "callbacks",
           ("training/callbacks", "            self.program.give(self.model)\n            self.list.on_epoch_end",
            "            self.list.on_epoch_end")),
    mutant("every process of a study has threads for all cores", "study_engine",
           ("study/engine", "_threads(max(1, (os.cpu_count() or 1) // workers))", "_threads(os.cpu_count() or 1)")),
    mutant("a study changes the environment of who runs it", "study_engine", ("study/engine", "del os.environ[name]", "pass")),
    mutant("a study's fingerprint without the learning rate", "study_store",
           ("study/fingerprint", '"fit_settings": [study.settings_at(point) for point in study.points]',
            '"fit_settings": [study.settings_at(point) | {"learning_rate": 0} for point in study.points]')),
    mutant("a failed trial stops the study", "study_engine",
           ("study/engine", "    except Exception as error:\n        text",
            "    except ZeroDivisionError as error:\n        text")),
    mutant("a failed trial is never tried again", "study_store",
           ("study/store", 'return outcome if outcome["error"] is None else None', "return outcome")),
    mutant("trials stored under a key without their data", "study_store",
           ("study/store", "trial_key(trial, digest)", "trial_key(trial, str())")),
    mutant("trials of a stopped study out of order", "study_store",
           ("study/engine", "    return _table(grid, outcomes)",
            "    order = sorted(range(len(grid)), key=lambda number: number in missing)\n"
            "    return _table([grid[number] for number in order], [outcomes[number] for number in order])")),
    mutant("what a layer adapted to is lost", "programs",
           ("training/programs", 'if hasattr(getattr(keras.layers, name, None), "adapt"):', "if False:")),
    mutant("averages swapped into a network that nobody sees", "callbacks",
           ("training/loop", "own=called.swap_weights)", "own=False)")),
    mutant("a checkpoint of another seed taken up", "checkpoint",
           ("training/loop", "re.findall(r'\"seed\": (\\d+)', json.dumps(model.get_config(), default=str))", "None")),
    mutant("validation scored with dropout switched on", "step",
           ("training/programs", "self.model(features, training=False)", "self.model(features, training=True)")),
    mutant("the cache of programs without its lock", "programs",
           ("training/programs", "with self._lock:\n            found", "if True:\n            found")),
    mutant("the state of a balance carried over to the next fit", "balancing",
           ("training/programs", "zip(self._own, self._initial, strict=True)",
            "zip(self.optimizer.variables, self._initial, strict=False)")),
    mutant("a checkpoint without the state of the balance", "balancing",
           ("training/programs", "[*model.variables, *self._own]", "[*model.variables, *optimizer.variables]")),
    mutant("balances of one name share a program", "balancing",
           ("training/programs", "programs.borrow((key, balance), make)", "programs.borrow(key, make)")),
    mutant("large numbers in valid passed over", "without_labels",
           ("training/loop", 'labels_of(model, valid, "valid", batches.check)',
            'labels_of(model, valid, "valid", lambda data, name: None)')),
    mutant("one form of uncertainty for both kinds of tasks", "balancing_methods",
           ("balancing/weighting", '0.5 if kind == "regression" else 1.0', "1.0")),
    mutant("weights of GradNorm that do not keep their sum", "balancing_methods",
           ("balancing/weighting", "moved * tf.math.divide_no_nan(before, tf.reduce_sum(moved))", "moved")),
    mutant("PCGrad projects where tasks agree", "balancing_methods",
           ("balancing/surgery", "conflict = (dots < 0)", "conflict = (dots != 0)")),
    mutant("CAGrad's distance as a part of one task's gradient", "balancing_methods",
           ("balancing/surgery", "tf.maximum(tf.reduce_sum(products), 0.0)", "products[0, 0]")),
    mutant("CAGrad compiled anew for each batch", "balancing_methods",
           ("balancing/surgery", "tf.gather(tf.reshape(move, (-1,)), best)", "tf.reshape(move, (-1,))[best]")),
    mutant("a callback's optimizer stays behind", "callbacks",
           ("training/callbacks", "            del self.model.optimizer", "            return")),
    # what people bring
    mutant("the bootstrap taken of the median", "metrics",
           ("metrics", "(gains,), np.mean, confidence_level", "(gains,), np.median, confidence_level")),
    mutant("the census numbers scaled with test rows too", "census_scaling",
           ("data/census", 'StandardScaler().fit(parts[0].features["numeric"])',
            'StandardScaler().fit(np.concatenate([part.features["numeric"] for part in (parts[0], parts[2])]))')),
    mutant("codes stored as others before they are compared", "columns",
           ("data/columns", "    # Compared before a cast, which would make 7 of 2**32 + 7 and -1 of 2**64 - 1.\n",
            "    values = values.astype(np.int32)\n")),
    mutant("seconds of a clock taken though float32 does not hold them", "columns",
           ("data/columns", "np.maximum(-low, high) >= EXACT", "np.maximum(-low, high) >= np.inf")),
    mutant("a label outside of the sample space kept", "columns",
           ("data/columns", "np.where(mask, column, column.dtype.type(0))", "column")),
    mutant("a stratified split that does not stratify", "splitting",
           ("data/splitting", "random_state=drawn, stratify=strata[rest])", "random_state=drawn)")),
    mutant("a user in two parts", "splitting",
           ("data/splitting", "np.flatnonzero(np.isin(member, part))",
            "np.sort(np.append(np.flatnonzero(np.isin(member, part))[1:], number))"),
           ("data/splitting", 'for part in at_random("groups", len(names), fractions, seed)]',
            'for number, part in enumerate(at_random("groups", len(names), fractions, seed))]')),
    mutant("samples of one time in two parts", "splitting",
           ("data/splitting", "ends = np.searchsorted(times[order], times[order][ends - 1], side=\"right\")", "ends = ends + 0")),
    mutant("the files of an unfinished job read", "parquet_folders",
           ("data/parquet", 'name.startswith(("_", "."))', 'name.startswith("~")')),
    mutant("labels of files rounded before they are compared", "parquet_folders",
           ("data/parquet", 'else np.float32 if part == "features" else np.float64', "else np.float32")),
    mutant("a file that is listed twice read twice", "parquet_folders",
           ("data/parquet", "if times > 1:", "if False:")),
    mutant("an empty label inside the sample space", "parquet_folders",
           ("data/chunks", "np.where(given, data[\"mask\"].get(task, True), False)", "data[\"mask\"].get(task, given | True)")),
    mutant("a bad row named by its place in the chunk", "parquet_folders",
           ("data/chunks", "{piece.first + number}", "{number}")),
    mutant("predictions of the first chunk alone", "without_labels",
           ("loading", "        yield part\n", "        yield part\n        return\n")),
    mutant("validation that looks at the first chunk's labels alone", "without_labels",
           ("data/taskdata", "t: np.concatenate(values) for", "t: values[0] for")),
    mutant("a block read twice and one never", "chunks",
           ("data/memmap", "rng.permutation(blocks)", "rng.choice(blocks, len(blocks))")),
    # figures
    mutant("the alt text of a picture is not in its tag", "showing",
           ("plots/style", 'f\'<img alt="{html.escape(alt)}" width', "f'<img width")),
    mutant("the alt text of a drawing does not say where no gradient flows", "drawings",
           ("plots/description", "if mixer.detached else", "if False else")),
    # the course
    mutant("a cell of the student edition that needs a solution passes", "editions",
           ("course/editions", "if needed := sorted(read & set(owner)):", "if needed := []:")),
    mutant("a solution without its tag reaches the students", "editions",
           ("course/editions", "            _refuse_unmarked(cell, number)", "            pass")),
    mutant("the folded answers of exercises reach the students", "editions",
           ("course/editions", 'FOLDED.sub("", text) if among_exercises', 'FOLDED.sub("", text) if False')),
    mutant("empty cells are left where solutions were", "editions",
           ("course/editions", "if cell.source.strip() and not _is_solution(cell):", "if not _is_solution(cell):")),
    mutant("the open stub below an answer takes its score away", "scoring",
           ("course/scoring", 'if line["sentence"] != NO_ANSWER] or said[-1:]', "][-1:]")),
    mutant("the table of scores names folders of a student's machine", "scoring",
           ("course/scoring", 'text = re.sub(rf"([\'\\"])', 'text = text or re.sub(rf"([\'\\"])')),
    # worlds and verdicts
    mutant("shares of the variance taken for weights", "worlds",
           ("data/worlds", "coefficients[:, 0, 0] = np.sqrt(share)", "coefficients[:, 0, 0] = share")),
    mutant("a control whose contexts are not shuffled", "worlds",
           ("data/worlds", 'rng.permutation(context) if checks.flag("shuffled", shuffled) else context', "context")),
    mutant("the truth of other rows than the data's", "worlds",
           ("data/worlds", "context=self.context[rows], **parts", "context=self.context[: len(self.context[rows])], **parts")),
    mutant("forms with a trace, so that a part has a mean", "worlds",
           ("data/worlds", "draws -= np.trace(draws, axis1=1, axis2=2)[:, None, None] * np.eye(width) / width\n", "pass\n")),
    mutant("the excess of a task measured against its noisy labels", "metrics",
           ("metrics", '["excess"][0](expected[task], p', '["excess"][0](data.labels[task], p')),
    mutant("verdicts without an adjustment for their number", "verdicts",
           ("study/verdicts", 'seen = table["holm"] < 0.05', 'seen = table["p_value"] < 0.05')),
    mutant("Holm's steps in the order of the table", "verdicts",
           ("study/verdicts", 'order = np.argsort(p, kind="stable")', "order = np.arange(len(p))")),
    mutant("a gate that is told where to look reads everything", "models",
           ("models", "for_gates = x if chosen is None else keras.ops.take(x, chosen, axis=1)", "for_gates = x")),
    # exercises
    mutant("an answer judged by arrays that it has changed", "answers",
           ("exercises/functions", "function(*copy.deepcopy(arguments))", "function(*arguments)")),
    mutant("an answer that exits ends the run", "answers",
           ("exercises/functions", "except BaseException as error:", "except Exception as error:"),
           ("exercises/register", "except BaseException as error:", "except Exception as error:")),
    mutant("an answer tried on one input only", "answers",
           ("exercises/functions", "wrong = [case for case in cases if", "wrong = [case for case in [*cases][:1] if")),
    mutant("a forgotten return taken for a number", "answers",
           ("exercises/functions", "    if value is None:\n        reason", "    if False:\n        reason")),
    mutant("a right answer refused for its last digits", "answers",
           ("exercises/functions", "RTOL, ATOL = 1e-4, 1e-5", "RTOL, ATOL = 1e-12, 0.0")),
    mutant("the mistake told is that of another answer", "answers",
           ("exercises/functions", "nearest = max(agreeing,", "nearest = min(agreeing,")),
    mutant("a count that is nearly right passes", "answers",
           ("exercises/answers", "near = max(within, 1e-9 * abs(right))", "near = max(within, 1e-3 * abs(right))")),
    mutant("an expert that no loss reaches counts as trained", "fourth_answers",
           ("exercises/networks", "reached = reach(model, data) > 0", "reached = reach(model, data) >= 0")),
    mutant("the check switches experts off in the reader's own model", "fourth_answers",
           ("exercises/ch07_4", "copy = keras.models.clone_model(model)", "copy = model")),
    mutant("gates that hesitate pass for sure ones", "fourth_answers",
           ("exercises/ch04_4", "if share < 0.4:", "if share < 0.0:")),
    mutant("a control larger than the budget", "fourth_answers",
           ("exercises/ch09_4", "abs(count - budget) > 0.01 * budget", "budget - count > 0.01 * budget")),
    mutant("a funnel in which likes are asked of those who did not play", "funnel",
           ("data/funnel", 'play & (labels["watch"] > MINUTES)', 'labels["watch"] > MINUTES')),
    mutant("a control whose missing labels follow the plays", "funnel",
           ("data/funnel", "order < space.sum()", "space | (order < 0)")),
    mutant("an exercise that does not see zeros taken for minutes", "fourth_answers",
           ("exercises/ch10_4", "np.mean((found - one) ** 2) < np.mean((found - other) ** 2)", "False")),
    # the protocol of the worlds
    mutant("uniform gates that are not", "protocol",
           ("study/protocol", 'UNIFORM = {"gate_temperature": 1000.0}', 'UNIFORM = {"gate_temperature": 1.0}')),
    mutant("the best attempt by its arithmetic mean", "protocol",
           ("study/protocol", "logs = np.log(scored[", "logs = (scored[")),
    mutant("loss weights by labels never tried", "protocol",
           ("study/worlds", "for weigh in (False, True)", "for weigh in (False, False)")),
    mutant("the scarce task's labels are thinned in the wrong task", "protocol",
           ("study/scarce", '{"a": 1.0, "b": labels}', '{"a": labels, "b": 1.0}')),
    mutant("scores held against the best without Holm's adjustment", "verdicts",
           ("study/verdicts", "zip(others, holm(p_values), strict=True)", "zip(others, p_values, strict=True)")),
    mutant("the best is the one that wins most seeds' sum", "verdicts",
           ("study/verdicts", "best = logs.mean().idxmin()", "best = logs.mean().idxmax()")),
    mutant("models of another point than the trial's", "study_engine",
           ("study/engine", "Trial(name, models[name], point", "Trial(name, at[0][1][name], point")),
    mutant("a step that climbs", "gradients",
           ("diagnostics/gradients", "value - rate * gradient", "value + rate * gradient")),
    mutant("a model that keeps the last step", "gradients",
           ("diagnostics/gradients", "            variable.assign(value)\n", "            pass\n")),
    # the map, its claims and its duels
    mutant("a model outside of its kind on the map", "regimes",
           ("study/regimes", '"own-mixture": "apart"', '"own-mixture": "own gates"')),
    mutant("claims on the seeds of the map", "regimes",
           ("study/claims", "SEEDS = tuple(range(200, 232))", "SEEDS = worlds.REPORTED")),
    mutant("a control whose labels are not shuffled", "regimes",
           ("study/claims", "permutation(len(part))", "choice(1, len(part)) + np.arange(len(part))")),
    mutant("towers that are told nothing", "regimes",
           ("study/protocol", 'settings |= {"tower_columns": gates}', "pass")),
    mutant("a budget without what the towers are told", "budget",
           ("budget", "        before += of_towers\n", "")),
    mutant("towers that are told the first columns", "models",
           ("models", "keras.ops.take(x, told, axis=1)", "x[:, : len(told)]")),
    mutant("every task of a place drawn by itself", "claims_and_foretelling",
           ("study/conflicts", 'table.groupby(["region", "place"]).indices.values()', "np.arange(len(table))[:, None]")),
    mutant("a rank correlation with the error", "claims_and_foretelling",
           ("study/conflicts", "return -stats.spearmanr", "return stats.spearmanr")),
    mutant("a spread that is that of the errors' mean", "claims_and_foretelling",
           ("study/papers", "return own.std(axis=axis)", "return own.mean(axis=axis)")),
    mutant("a claim that is replicated whatever was found", "claims_and_foretelling",
           ("study/replication", "gains[0].high < 0 < gains[1].low,", "True,")),
    mutant("PLE as printed whose gates read the context", "regimes",
           ("study/claims", '== "stream"', '== "context"')),
    mutant("a duel on the rates of another place", "duel",
           ("study/duel", 'tuned = worlds.choices(REGION).loc[place, "attempt"]', "tuned = dict.fromkeys(names, 2)")),
    mutant("a loud task that is scored", "duel",
           ("study/duel", 'LOUD if changes.pop("loud", False) else REGION', 'REGION if changes.pop("loud", False) else REGION')),
    mutant("single-task networks with a common stop", "protocol",
           ("study/scarce", '{"monitor": {task: 1.0}}', "{}")),
    mutant("gains over the single-task model of each weight", "results",
           ("study/results", 'single["weight"] == equal]', 'single["weight"] == single["weight"].max()]')),
    mutant("a mark that is filled though no difference is seen", "gains_and_regimes",
           ("plots/regimes", 'seen = (rows["verdict"] != UNSEEN).to_numpy()', 'seen = (rows["verdict"] != "").to_numpy()')),
    mutant("numbered operations compiled anew for each trial", "programs",
           ("training/programs", "text = text.replace(json.dumps(part[\"name\"]), f'\"operation {number}\"')", "pass")),
)  # fmt: skip


def planted(text, edits):
    """``text`` with ``(old, new)`` of each edit put in place; every old text stands there once."""
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"expected once, found {text.count(old)} times: {old}")
        text = text.replace(old, new)
    return text


def file_of(name):
    """The path of ``test_NAME.py``, in whichever folder of tests/ it lies, relative to the repository."""
    (path,) = (ROOT / "tests").rglob(f"test_{name}.py")
    return path.relative_to(ROOT).as_posix()


def run_tests(copy, first):
    """pytest's exit code and the first test that failed, in ``copy``; the other files are run if ``first`` passes."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
    for names in ([first], [name for name in FAST if name != first]):
        files = [file_of(name) for name in names]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *files]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            break
    failed = re.search(r"^FAILED (\S+)", done.stdout, re.MULTILINE)
    return done.returncode, failed[1] if failed else ""


def attempt(found=None):
    """The tests on a scratch copy, with the fault ``found`` or (None) as it is: pytest's exit code, first test that failed."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in ("ple_tutorial", "tests", "figures", "notebooks"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "conftest.py"):
            shutil.copy(ROOT / name, copy / name)
        for module in {module for module, _, _ in found.edits} if found else ():
            path = copy / "ple_tutorial" / f"{module}.py"
            text = planted(path.read_text(encoding="utf-8"), [(o, n) for m, o, n in found.edits if m == module])
            path.write_text(text, encoding="utf-8")
        return run_tests(copy, found.first if found else FAST[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose name holds this text")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    chosen = [fault for fault in MUTANTS if asked.only in fault.fault]
    with ThreadPoolExecutor(asked.jobs) as pool:
        sound = pool.submit(attempt)
        results = pool.map(attempt, chosen)
        caught = 0
        for fault, (code, test) in zip(chosen, results, strict=True):
            caught += code == 1
            verdict = {0: "SURVIVED", 1: "caught"}.get(code, "NOT RUN")
            print(f"{verdict:9} {fault.fault}{f'  ({test})' if test else ''}", flush=True)
        code, test = sound.result()
    print(f"caught {caught}/{len(chosen)}; without a fault the tests {'pass' if code == 0 else f'FAIL: {test}'}")
    return 0 if caught == len(chosen) > 0 and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
