"""Floor 6: observations → findings. Pure functions, one file for each thing that is judged.

Each function says at its top what is demanded, refuses to say anything of an empty set, and answers
"not verified" where an observation or a property is missing.
"""
