import type { Finding, House } from './house.ts'
import { type ModuleGraph, moduleGraph } from './module-graph.ts'

/** Imports that lead back to where they began, type imports included. Each knot is told once. */
export function checkImportCycles(house: House): Finding[] {
  const graph = moduleGraph(house)
  const done = new Set<string>()
  const findings: Finding[] = []
  for (const file of graph.keys()) visit(file, [], graph, done, findings)
  return findings
}

function visit(
  file: string,
  trail: readonly string[],
  graph: ModuleGraph,
  done: Set<string>,
  findings: Finding[],
): void {
  if (done.has(file)) return
  for (const { path, line } of graph.get(file) ?? []) {
    if (path === undefined || !graph.has(path)) continue
    const steps = [...trail, file]
    const start = steps.indexOf(path)
    if (start < 0) visit(path, steps, graph, done, findings)
    else {
      const circle = [...steps.slice(start), path].join(' -> ')
      findings.push({ file, line, message: `imports in a circle: ${circle}` })
    }
  }
  done.add(file)
}
