"""This server as a Databricks App: the folder that deploys it, with its Lakebase database.

`app.yaml` and `requirements.txt` here are those of the repository, linked so that a wheel has them.
"""
