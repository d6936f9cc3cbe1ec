"""What the sentences of the feature files mean: one short function a sentence, no mail logic."""
