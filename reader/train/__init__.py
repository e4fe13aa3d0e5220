"""The training recipe: `python -m reader.train`, from a folder of SQuAD-shaped files to an adapter and its heads."""
