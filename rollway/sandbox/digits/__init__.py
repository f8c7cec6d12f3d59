"""The demo's real data and models: scikit-learn's handwritten digits and four models of them, good and bad.

``train_models(folder)`` makes the models; their modules are served by the sandbox's own model server, under the
images in ``TrainedModel.image``. A request is one row of 64 pixels as ``text/csv``, an answer ``{"digit": 7,
"confidence": 0.98}``.
"""
