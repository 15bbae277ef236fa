"""All keys of the session and of page addresses, in one place, prefixed by page."""

from __future__ import annotations

# Addresses: what stands behind the ? of a page.
DATASET_PARAM = "dataset"
ANALYSIS_PARAM = "analysis"

# Home
HOME_JOB = "home_job"

# Data
DATA_DATASET = "data_dataset"
DATA_JOB = "data_job"
DATA_NOTICE = "data_notice"
DATA_TABS = "data_tabs"
DATA_COLUMNS = "data_columns"
DATA_DETAILS = "data_details"
DATA_NEW = "data_new"
DATA_NEW_FILE = "data_new_file"
DATA_NEW_PATH = "data_new_path"
DATA_NEWER_FILE = "data_newer_file"
