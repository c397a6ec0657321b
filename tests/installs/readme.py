"""The commands that the README prints: what tests install by."""

import re

from machine import REPOSITORY


def printed(word):
    """The one command of the README's section Install with this word, as it stands there, in both languages."""
    blocks = []
    for name in ("README.md", "README.zh-CN.md"):
        block = re.search(r"```console\n(.*?)```", (REPOSITORY / name).read_text(), re.DOTALL)[1]
        blocks.append(block)
    assert blocks[0] == blocks[1], "both READMEs print the same commands"
    [command] = [command for command in re.split(r"^\$ ", blocks[0], flags=re.MULTILINE) if word in command.split("\n")[0]]
    return command.strip()
