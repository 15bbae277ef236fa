"""All keys of the session and of page addresses, in one place, prefixed by page."""

from __future__ import annotations

# Addresses: what stands behind the ? of a page.
DATASET_PARAM = "dataset"
ANALYSIS_PARAM = "analysis"
PART_PARAM = "part"
NEW_PARAM = "new"
SECTION_PARAM = "section"

# Home
HOME_JOB = "home_job"

# Data
DATA_DATASET = "data_dataset"
DATA_JOB = "data_job"
DATA_NOTICE = "data_notice"
DATA_DRAFT = "data_draft"
DATA_INSPECTION = "data_inspection"
DATA_NEW_KIND = "data_new_kind"
DATA_NEW_FILE = "data_new_file"
DATA_NEW_PATH = "data_new_path"
DATA_NEWER_FILE = "data_newer_file"
DATA_DELETE = "data_delete_asked"
