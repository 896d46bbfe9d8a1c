/* Pieces of pages that do not change, as one component each: the server sends them as HTML, with all texts escaped. */
(function () {
  "use strict";
  window.gridcarbon_html = {
    Html: ({ tag, attributes, html }) => window.React.createElement(tag, { ...attributes, dangerouslySetInnerHTML: { __html: html } }),
  };
})();
