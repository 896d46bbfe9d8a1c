/* Numbers in tables as the rest of the dashboard writes them: narrow spaces between thousands, a true minus sign. */
(function () {
  "use strict";
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

  functions.gridcarbonFigure = function (value, digits) {
    if (value === null || value === undefined) return "";
    if (typeof value !== "number") return String(value);
    const fixed = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    const plain = Number(value.toFixed(digits)) === 0 ? fixed.replace("-", "") : fixed;
    return window.gridcarbon.number(plain.replace(/,/g, "\u202f").replace("-", "\u2212"));
  };
})();
