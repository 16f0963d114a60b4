"""What Databricks' runtime has beside Spark: `pyspark.dbutils`, with secrets and widgets."""
# mypy: ignore-errors

import os
import sys
import types


class DBUtils:
    """Parameters of the notebook are its arguments; a secret's value is its name."""

    def __init__(self, _spark):
        self.widgets = self.secrets = self

    def text(self, name, default):
        os.environ.setdefault(f"WIDGET_{name}", default)

    def get(self, name, key=None):
        if key is not None:
            return f"{name}/{key}"
        given = [word for word in sys.argv[1:] if word.startswith(f"--{name}=")]
        return given[0].partition("=")[2] if given else os.environ[f"WIDGET_{name}"]


module = types.ModuleType("pyspark.dbutils")
module.DBUtils = DBUtils
sys.modules["pyspark.dbutils"] = module
