"""The only Streamlit code outside Home.py and pages/: frame, loaders, session keys, inputs, what is shown.

Modules are named by page and subject (`data_upload.py`, `bridge_inputs.py`). No formula and no SQL lives here.
"""
