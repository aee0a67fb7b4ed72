"""The names of architectures, in the spellings that readers use."""

from ple_tutorial.exercises.answers import plain_word
from ple_tutorial.routing import ARCHITECTURES

OTHER_NAMES = {  # as ``plain_word`` returns them; a closing "model", "network" or "sharing" does not count either
    "progressive layered extraction": "ple",
    "customized gate control": "cgc",
    "customised gate control": "cgc",
    "multi gate mixture of experts": "mmoe",
    "multi level mmoe": "ml mmoe",
    "multilevel mmoe": "ml mmoe",
    "mlmmoe": "ml mmoe",
    "customised": "customized",
    "crossstitch": "cross stitch",
    "hardsharing": "hard",
    "shared bottom": "hard",
    "asymmetrical": "asymmetric",
    "多门控混合专家": "mmoe",
    "非对称共享": "asymmetric",
    "水闸网络": "sluice",
    "渐进式分层提取": "ple",
    "定制门控": "cgc",
    "定制共享": "customized",
    "十字绣网络": "cross stitch",
    "硬共享": "hard",
    "硬参数共享": "hard",
    "多层mmoe": "ml mmoe",
    "单任务模型": "single task",
}


def as_architecture(word):
    """Return the name in ARCHITECTURES that a word means, or None."""

    def bare(text):
        for ending in (" parameter sharing", " sharing", " network", " networks", " model", " architecture"):
            text = text.removesuffix(ending)
        return text

    name = bare(plain_word(word))
    name = OTHER_NAMES.get(name, name)
    return next((known for known in ARCHITECTURES if bare(plain_word(known)) == name), None)
