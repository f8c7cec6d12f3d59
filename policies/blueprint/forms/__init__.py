"""The forms that files hold endpoint configurations in: recognised, and brought into SageMaker's own member names.

One file per form that is read; ``recognition`` knows the others by name. None of them judges what is declared.
"""
