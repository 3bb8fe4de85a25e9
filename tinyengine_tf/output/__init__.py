"""What the converter leaves on the disk: folders and files that are whole or absent, and nobody else's lost.

folder      a bundle -> a folder, in one step, or by replacing what is ours file by file
ownership   which files in a folder are ours: a list of digests that we wrote beside them
obstacles   what lies in the way and is not ours
staging     folders in which all is prepared, and what is left of them
stopping    signals wait, or unwind, but never leave a half
file        one file
"""

from tinyengine_tf.output.file import write_bytes, write_text
from tinyengine_tf.output.folder import write_folder
from tinyengine_tf.output.obstacles import REPORT
from tinyengine_tf.output.ownership import LIST

__all__ = ["LIST", "REPORT", "write_bytes", "write_folder", "write_text"]
