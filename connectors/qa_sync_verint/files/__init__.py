"""Export files: from a folder of whatever a customer's system writes to pages of raw evaluations."""

from qa_sync_verint.files.profile import Profile, StreamProfile, load_profile
from qa_sync_verint.files.reader import FilesReader

__all__ = ["FilesReader", "Profile", "StreamProfile", "load_profile"]
