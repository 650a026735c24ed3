"""Every error that restorecli raises on purpose.

RestoreError                  exit 1
├── UsageError                exit 2   the command or call asks for something that makes no sense
│   └── DeviceError           exit 2   the device asked for is not there
├── InputError                exit 1   one input cannot be restored; a batch reports it and goes on
├── OutputError               exit 1   one result cannot be written; a batch reports it and goes on
│   ├── FileThereError        exit 1   there is such a file already; a batch passes over it
│   └── LostAnswerError       exit 1   standard output takes nothing more
├── NetworkOutputError        exit 1   the network gave non-finite values, in float32 too
├── WeightsError              exit 3   weights are not there, or are not what they should be
└── OutOfMemoryError          exit 4   not enough memory even with the smallest tile

A known error is one line (`message`) and, where there is one, the next thing to type (`hint`).
Anything else that is raised is a bug of ours: it keeps its traceback and the command exits with 70.
"""


class RestoreError(Exception):
    """A known error: one line that says what is wrong, and what to type next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RestoreError):
    """The command or call asks for something that makes no sense."""

    exit_code = 2


class DeviceError(UsageError):
    """The device that was asked for is not there."""


class InputError(RestoreError):
    """This input cannot be restored: not an image, cut off, too large, of a kind the task cannot take."""


class OutputError(RestoreError):
    """The result cannot be written: no permission, disk full, a file that is there already."""


class FileThereError(OutputError):
    """A file of that name is there already, and nobody said that it may be replaced."""

    def __init__(self, name: object) -> None:
        super().__init__(f"{name} is there already", hint="--overwrite replaces it")


class LostAnswerError(OutputError):
    """Standard output takes nothing more: the disk that it goes to is full."""


class NetworkOutputError(RestoreError):
    """The network gave non-finite values for some part of the image, in float32 too."""


class WeightsError(RestoreError):
    """The weights are not there, or are not what they should be."""

    exit_code = 3


class OutOfMemoryError(RestoreError):
    """There is not enough memory for this image, even with the smallest tile."""

    exit_code = 4


EXIT_BUG = 70
EXIT_INTERRUPTED = 130
