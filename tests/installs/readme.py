"""The commands that README and docs/installing.md print: what tests type."""

import re

from machine import REPOSITORY


def _commands(name, begins):
    """The commands of a section, as they stand there."""
    section = (REPOSITORY / name).read_text().split(f"\n## {begins}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return [command.strip() for block in blocks for command in re.split(r"^\$ ", block, flags=re.MULTILINE) if command.strip()]


def _the_one(commands, word):
    [command] = [command for command in commands if word in command.split("\n")[0]]
    return command


def installs():
    """Every command of the README's section Install."""
    commands = _commands("README.md", "Install")
    assert commands == _commands("README.zh-CN.md", "安装"), "both READMEs print the same commands"
    return commands


def printed(word):
    """The one of them with this word in its first line."""
    return _the_one(installs(), word)


def removes():
    """Every command of docs/installing.md that removes."""
    return _commands("docs/installing.md", "Uninstall")


def uninstalls(word):
    """The one of them with this word in its first line."""
    return _the_one(removes(), word)
