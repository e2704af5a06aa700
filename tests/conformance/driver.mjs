// Runs tests of the public suite and writes what each of them said, as JSON.
//
//   node driver.mjs '{"root": DIR, "out": FILE}'                      list the tests
//   node driver.mjs '{"root": …, "out": …, "base": URL, "jobs": N}'   run them against URL
//
// The suite has two layouts. The npm edition keeps its client in client/ and is handed a
// `fetch`; the git edition keeps it in test-engine/client/ and takes Node's own.

import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'

const job = JSON.parse(process.argv[2])
const nested = fs.existsSync(path.join(job.root, 'test-engine'))
const load = name => import(pathToFileURL(path.join(job.root, name)).href)

// The index leaves out what only some caches offer (surrogate-control); that is wanted too.
async function groups () {
  const found = [...(await load('tests/index.mjs')).default]
  for (const file of fs.readdirSync(path.join(job.root, 'tests')).sort()) {
    if (!file.endsWith('.mjs') || file === 'index.mjs') continue
    const group = (await load(`tests/${file}`)).default
    if (group?.tests && !found.some(other => other.id === group.id)) found.push(group)
  }
  return found
}

function describe (found) {
  return found.flatMap(group => group.tests.filter(test => !test.browser_only).map(test => ({
    id: test.id,
    group: group.id,
    kind: test.kind ?? 'required',
    name: test.name,
    needs: test.depends_on ?? []
  })))
}

// node-fetch waits for ever; the git edition brings a limit of its own.
function impatient (fetch) {
  return (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(10_000) })
}

async function run (found) {
  const { runTests, getResults } = await load(`${nested ? 'test-engine/' : ''}client/runner.mjs`)
  const only = job.only && new Set(job.only)
  const chosen = found.map(group => ({
    ...group, tests: group.tests.filter(test => !only || only.has(test.id))
  }))
  if (nested) {
    await runTests(chosen, false, job.base, job.jobs)
  } else {
    const fetch = createRequire(path.join(job.root, 'package.json'))('node-fetch')
    await runTests(chosen, impatient(fetch), false, job.base, job.jobs)
  }
  return getResults()
}

const found = await groups()
fs.writeFileSync(job.out, JSON.stringify(job.base ? await run(found) : describe(found)))
process.exit(0) // a proxy may leave connections open
