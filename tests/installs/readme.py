"""The commands that the README prints: what tests type."""

import re

from machine import REPOSITORY


def _commands(name, begins):
    """The commands of a README's section Install, as they stand there."""
    section = (REPOSITORY / name).read_text().split(f"\n## {begins}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return [command.strip() for block in blocks for command in re.split(r"^\$ ", block, flags=re.MULTILINE) if command.strip()]


def printed(word):
    """The one command of the README's section Install with this word in its first line."""
    commands = _commands("README.md", "Install")
    assert commands == _commands("README.zh-CN.md", "安装"), "both READMEs print the same commands"
    [command] = [command for command in commands if word in command.split("\n")[0]]
    return command
