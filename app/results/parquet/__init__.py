"""Parquet files put together from columns that were encoded one by one."""
