/** A call in three languages, with the values as they are sent. Each runs as it stands where TRIVIUM_URL and TRIVIUM_TOKEN are set. */
export function callSnippets(
  deployment: string,
  inputs: Readonly<Record<string, unknown>>,
): { curl: string; python: string; typescript: string } {
  const path = `/deployments/${encodeURIComponent(deployment)}/predict`
  const body = JSON.stringify({ inputs })
  return {
    curl: `curl -sS --fail-with-body "$TRIVIUM_URL${path}" \\
  -H "Authorization: Bearer $TRIVIUM_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '${body.replaceAll("'", String.raw`'\''`)}'`,
    python: `import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ["TRIVIUM_URL"] + ${pythonLiteral(path)},
    data=json.dumps({"inputs": ${pythonLiteral(inputs)}}).encode(),
    headers={
        "Authorization": "Bearer " + os.environ["TRIVIUM_TOKEN"],
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as response:
    print(json.load(response)["predictions"][0]["outputs"])`,
    typescript: `const response = await fetch(process.env.TRIVIUM_URL + ${JSON.stringify(path)}, {
  method: "POST",
  headers: {
    Authorization: "Bearer " + process.env.TRIVIUM_TOKEN,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ inputs: ${JSON.stringify(inputs)} }),
});
if (!response.ok) throw new Error(await response.text());
const { predictions } = (await response.json()) as { predictions: { outputs: Record<string, unknown> }[] };
console.log(predictions[0]?.outputs);`,
  }
}

/** A JSON value as Python writes it; strings of JSON are strings of Python. */
function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, one]) => `${JSON.stringify(key)}: ${pythonLiteral(one)}`)
      .join(', ')}}`
  return JSON.stringify(value)
}
