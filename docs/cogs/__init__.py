"""What the generated parts of the documentation are made of: functions that return Markdown, made from the code itself.

The pages call them in cog blocks: ``make fix`` rewrites the blocks, ``make check`` compares. Nothing reaches out.
"""
