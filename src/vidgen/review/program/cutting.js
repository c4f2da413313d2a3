// "Render the cut": what `vidgen render` does, in place. A price is told and agreed to first.

async function cut() {
  let done = await post("/api/render", {});
  if (done?.status === 402) {
    const { estimated_usd: usd, error } = done.data;
    if (typeof usd !== "number" || error.code !== "budget.no_consent") { tell(error.message, 12); return; }
    if (!(await ask(`${say("price")} ${usd.toFixed(2)} USD`, { yes: "buy" }))) return;
    done = await post("/api/render", { confirm_usd: usd });
    if (done?.status === 402) tell(done.data.error.message, 12);
  }
}

function showRun({ state, stage, share, output, seconds, error }) { // what the server says of the render
  const line = $("#run");
  line.replaceChildren();
  line.className = state;
  const button = $('[data-action="render"]');
  if (button) button.disabled = state === "running";
  if (state === "running") line.append(made("span", "", { key: `run_${stage}` }), ` ${Math.floor(share * 100)} %`);
  else if (state === "done") line.append(made("span", ` ${output} (${seconds.toFixed(2)} s)`, { key: "rendered" }));
  else if (state === "failed") line.append(made("span", `: ${[error.message, error.hint].filter(Boolean).join(" - ")}`, { key: "failed" }));
}
