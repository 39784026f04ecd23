"""What is typed on this very machine to mend something: an installed one has another command line than a checkout."""

from __future__ import annotations

import os

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def installed(folder: str = FOLDER) -> bool:
    """True when the programs in `folder` are those that config/install.sh put there."""
    return folder == "/opt/chaudiere"


def command(words: str, folder: str = FOLDER) -> str:
    """`words` of the command line, whole.

    >>> command("status", "/opt/chaudiere")
    'sudo /opt/chaudiere/config/as-installed status'
    >>> command("status", "/home/pi/chaudiere")
    '.venv/bin/python manager.py status'
    """
    return f"sudo {folder}/config/as-installed {words}" if installed(folder) else f".venv/bin/python manager.py {words}"


def restart(folder: str = FOLDER) -> str:
    """What starts the programs again.

    >>> restart("/opt/chaudiere")
    'sudo systemctl restart chaudiere'
    """
    return "sudo systemctl restart chaudiere" if installed(folder) else "make run"
