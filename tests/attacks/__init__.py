"""What a decoder that was taken over would try, each as a function of the C library or as a bare system call.

An attack returns normally if it succeeds, and raises `OSError` if the kernel denies it. `python -m tests.attacks`
is a render process whose every picture is an attack: its bytes are the name, and the outcome is a note.
"""

from tests.attacks import files, kernel, network, processes  # noqa: F401 - each adds its own
from tests.attacks.registry import ATTACKS

__all__ = ["ATTACKS"]
