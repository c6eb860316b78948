"""The browser's style sheet. Colors are JupyterLab's where it sets them, else the page's own."""

STYLE = """<style>
.toolkit-browser{--line:var(--jp-border-color2,rgba(128,128,128,.35));
--soft:var(--jp-layout-color2,rgba(128,128,128,.12));border:1px solid var(--line);
border-radius:4px;padding:8px;max-width:1000px;color:var(--jp-ui-font-color1,inherit)}
.toolkit-browser .toolkit-dim{opacity:.65;font-size:12px}
.toolkit-browser .toolkit-grid{display:grid;gap:0 10px;line-height:26px;overflow:hidden;
grid-template-columns:46px minmax(70px,1fr) minmax(78px,.8fr) minmax(70px,.8fr) minmax(82px,1fr)
 minmax(82px,.8fr) minmax(70px,1.2fr)}
.toolkit-browser .toolkit-grid>*{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.toolkit-browser .toolkit-num{text-align:right;font-variant-numeric:tabular-nums}
.toolkit-browser .toolkit-row,.toolkit-browser .toolkit-head{border-bottom:1px solid var(--line);
flex:none;overflow:hidden}
.toolkit-browser .toolkit-body,.toolkit-browser .toolkit-head{scrollbar-gutter:stable}
.toolkit-browser .toolkit-row:hover,.toolkit-browser .toolkit-chosen{background:var(--soft)}
.toolkit-browser .toolkit-row button,.toolkit-browser .toolkit-head button{background:none;
text-align:left;margin:0;padding:0 4px;height:26px;line-height:26px;box-shadow:none;width:auto}
.toolkit-browser .toolkit-row>button{color:var(--jp-content-link-color,inherit);flex:0 0 26%}
.toolkit-browser .toolkit-head>button{flex:0 0 26%}
.toolkit-browser .toolkit-row>button:focus{outline-offset:-2px}
.toolkit-browser .toolkit-head .toolkit-grid button{padding:0}
.toolkit-browser .toolkit-head button{font-weight:600}
.toolkit-browser .toolkit-head .toolkit-num{text-align:right}
.toolkit-browser .toolkit-cells{flex:1 1 auto;margin:0;height:26px}
.toolkit-browser .toolkit-cells .widget-html-content{width:100%}
.toolkit-browser table{border-collapse:collapse;font-size:12px;border:0;line-height:1.35;margin:0}
.toolkit-browser .toolkit-top{align-items:center;gap:8px}
.toolkit-browser .toolkit-top>.widget-html{flex:1 1 auto}
.toolkit-browser .widget-tab>.widget-tab-contents{padding:8px;max-height:420px;overflow:auto}
.toolkit-browser th,.toolkit-browser td{border:0;border-bottom:1px solid var(--line);
padding:3px 10px 3px 4px;vertical-align:top;max-width:320px;overflow:hidden;
text-overflow:ellipsis;white-space:nowrap}
.toolkit-browser p{margin:4px 0}
.toolkit-browser .toolkit-wide,.toolkit-browser .widget-html-content{overflow-x:auto}
.toolkit-browser .toolkit-end{overflow-x:auto;direction:rtl;text-align:left}
.toolkit-browser .toolkit-end>*{direction:ltr}
.toolkit-browser .toolkit-bars{fill:currentColor;fill-opacity:.55;display:block}
.toolkit-browser .toolkit-name{font-weight:600;font-size:14px}
.toolkit-browser .toolkit-failed{color:var(--jp-error-color1,#b00)}
</style>"""
