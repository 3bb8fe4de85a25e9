"""python -m tinyengine_tf"""

from tinyengine_tf.cli import main

main()
