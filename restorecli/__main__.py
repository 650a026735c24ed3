"""python -m restorecli"""

import sys

from .cli.app import main

sys.exit(main())
