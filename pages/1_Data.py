"""Data: the datasets, what their columns are for, their versions, and the way new data comes in."""

from core.ui import data_dataset, data_delete, data_jobs, data_list, data_upload, frame

app = frame.open_page(frame.DATA)
actions = frame.heading("Load new data" if data_upload.is_open() else "Data")

with frame.errors():
    data_jobs.settle()
data_jobs.show_notice()

with frame.errors():
    datasets = app.catalogue.all()
    if data_upload.is_open():
        data_upload.show(app)
    elif not datasets:
        data_list.show_empty()
    else:
        actions.button(
            "Load new data", type="primary", key="data_new", icon=":material/add:", on_click=data_list.open_new
        )
        data_list.show_table(app, datasets)
        data_dataset.show(app, data_list.choose(datasets))
        data_delete.show_dialog(app)
