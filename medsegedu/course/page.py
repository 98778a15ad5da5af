"""An executed notebook as one HTML file that can be read without a connection."""

from pathlib import Path
from typing import Any

from medsegedu.files import write_atomically

# nbconvert's page loads RequireJS, MathJax and Mermaid from the web before it shows anything. Here only a lesson with
# formulae asks for MathJax, and does not wait for it: without a connection they are read as TeX.
_TEMPLATE = """{% extends 'index.html.j2' %}
{% from 'mathjax.html.j2' import mathjax %}
{% block html_head_js_requirejs %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block html_head_js_mathjax %}{% if FORMULAE %}
{{ mathjax(resources.mathjax_url) | replace('<script src=', '<script async src=') }}
{% endif %}{% endblock %}"""


def save_page(notebook: Any, title: str, path: Path) -> Path:
    """Write `notebook` and its outputs to `path`; figures are embedded.

    Of a widget the still picture is shown, because `notebook` holds no widgets' state (nbconvert falls back by itself).

    Raises:
        UserError: `path` can't be written.
    """
    from nbconvert import HTMLExporter
    from nbformat import from_dict

    formulae = any(cell.cell_type == "markdown" and "$" in cell.source for cell in notebook.cells)
    exporter = HTMLExporter(
        template_name="lab",
        raw_template=_TEMPLATE.replace("FORMULAE", str(formulae)),
        embed_images=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    html, _ = exporter.from_notebook_node(from_dict({**notebook, "metadata": {**notebook.metadata, "title": title}}))
    return write_atomically(path, html)
