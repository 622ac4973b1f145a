"""``python -m qa_sync``."""

import sys

from qa_sync.cli import main

sys.exit(main())
