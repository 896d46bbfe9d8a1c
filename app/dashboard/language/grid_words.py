"""What a table that is sorted and filtered in the browser (AG Grid) says by itself, in English."""

from __future__ import annotations

from typing import Final

GRID_WORDS: Final = {
    "noRowsToShow": "No rows to show", "loadingOoo": "Loading …", "filterOoo": "Filter …", "contains": "Contains",
    "notContains": "Does not contain", "equals": "Equals", "notEqual": "Does not equal", "startsWith": "Begins with",
    "endsWith": "Ends with", "blank": "Blank", "notBlank": "Not blank", "lessThan": "Less than",
    "greaterThan": "Greater than", "lessThanOrEqual": "Less than or equal to",
    "greaterThanOrEqual": "Greater than or equal to", "inRange": "Between", "inRangeStart": "From (filter)",
    "inRangeEnd": "To (filter)", "andCondition": "AND", "orCondition": "OR", "of": "of", "to": "to",
    "ariaFilterInput": "Filter input",
    "ariaFilterMenuOpen": "Open filter menu", "ariaFilterValue": "Filter value",
    "ariaFilteringOperator": "Filtering operator", "ariaFilterFromValue": "Filter from value",
    "ariaFilterToValue": "Filter to value", "ariaColumnFiltered": "Column filtered", "ariaColumn": "Column",
    "ariaHeaderSelection": "Column with header selection", "ariaLabelColumnFilter": "Column filter",
    "ariaRowToggleSelection": "Press Space to toggle row selection",
    "ariaRowSelectAll": "Press Space to toggle selection of all rows",
    "ariaRowSelect": "Press Space to select this row", "ariaRowDeselect": "Press Space to deselect this row",
    "ariaChecked": "checked", "ariaUnchecked": "not checked", "ariaInputEditor": "Input editor",
    "ariaSortableColumn": "Press Enter to sort", "ariaFilterColumn": "Press Ctrl Enter to open the filter",
    "ariaMenuColumn": "Press Alt Down to open the column menu",
}  # fmt: skip
"""English words by the grid's own keys (its option `localeText`)."""
