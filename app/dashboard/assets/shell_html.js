/* Pieces of pages that do not change, as one component each: the server sends them as HTML, with all texts escaped; and
   what is mounted only when it comes into sight, as tables do that are dear to make. */
(function () {
  "use strict";
  const NEAR_PX = 150;
  const make = (...given) => window.React.createElement(...given);

  /** What it holds once it is in sight; its place until then. A closed disclosure is out of sight. */
  function Late({ children, height, place: id }) {
    const place = window.React.useRef(null);
    const [seen, see] = window.React.useState(false);
    window.React.useEffect(() => {
      if (seen) return undefined;
      const sight = new IntersectionObserver((found) => found.some((one) => one.isIntersecting) && see(true), { rootMargin: `${NEAR_PX}px` });
      const all = () => see(true);
      sight.observe(place.current);
      window.addEventListener("beforeprint", all);
      return () => { sight.disconnect(); window.removeEventListener("beforeprint", all); };
    }, [seen]);
    return seen ? children : make("div", { ref: place, id, style: { minHeight: height || 40 } });
  }

  window.gridcarbon_html = {
    Html: ({ tag, attributes, html }) => make(tag, { ...attributes, dangerouslySetInnerHTML: { __html: html } }),
    Late,
  };
})();
