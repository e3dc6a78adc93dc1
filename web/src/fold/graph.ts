// Where to draw the nodes of small graphs: scenes in layers, memories by springs. Pure and always the same.
import type { Cast } from "../events";

export interface Placed {
  id: string;
  x: number;
  y: number;
}

/** So many scenes stand side by side; more of a row go into the next. */
const WIDEST = 3;

/**
 * Scenes in rows: each below every scene that leads to it, ways back left aside; in a row, by where their ways
 * come from. What no way leads to, because a caller comes there from anywhere, stands below all others.
 */
export function rows(cast: Cast): string[][] {
  const exits = new Map(cast.scenes.map((scene) => [scene.id, scene.exits.map((exit) => exit.to)]));
  const order = downward(cast.start, exits);
  const depth = new Map<string, number>();
  for (const scene of order) {
    depth.set(scene, depth.get(scene) ?? 0);
    for (const to of exits.get(scene) ?? [])
      if (order.indexOf(to) > order.indexOf(scene)) depth.set(to, Math.max(depth.get(to) ?? 0, depth.get(scene)! + 1));
  }
  const deepest = Math.max(0, ...depth.values()) + 1;
  const found: string[][] = Array.from({ length: deepest + 1 }, () => []);
  for (const { id } of cast.scenes) found[depth.get(id) ?? deepest]!.push(id);
  for (let at = 1; at < found.length; at++) {
    const before = found[at - 1]!;
    const weight = (id: string) => {
      const from = before.flatMap((one, place) => (exits.get(one)?.includes(id) ? [place] : []));
      return from.length === 0 ? before.length : from.reduce((sum, one) => sum + one, 0) / from.length;
    };
    found[at]!.sort((a, b) => weight(a) - weight(b));
  }
  return found.flatMap((row) => Array.from({ length: Math.ceil(row.length / WIDEST) }, (_, at) =>
    row.slice(at * WIDEST, (at + 1) * WIDEST)));
}

/** All that can be reached from `start`, each before whatever it leads to, but for ways back. */
function downward(start: string, exits: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>();
  const finished: string[] = [];
  const visit = (scene: string) => {
    if (seen.has(scene) || !exits.has(scene)) return;
    seen.add(scene);
    for (const to of exits.get(scene)!) visit(to);
    finished.push(scene);
  };
  visit(start);
  return finished.reverse();
}

/** Nodes pushed apart and edges pulled together inside `width` by `height`; begins on a circle, by order. */
export function springs(
  ids: readonly string[], edges: readonly { source: string; target: string }[], width: number, height: number,
): Placed[] {
  const nodes = ids.map((id, at) => {
    const angle = (2 * Math.PI * at) / Math.max(1, ids.length) + 0.4;
    return { id, x: width / 2 + 0.32 * width * Math.cos(angle), y: height / 2 + 0.32 * height * Math.sin(angle) };
  });
  const place = new Map(nodes.map((node) => [node.id, node]));
  const ideal = Math.sqrt((width * height) / Math.max(1, nodes.length)) * 0.7;
  for (let round = 0; round < 200; round++) {
    const step = (1 - round / 200) * ideal * 0.2;
    const pull = new Map(nodes.map((node) => [node.id, { x: 0, y: 0 }]));
    const force = (from: Placed, to: Placed, strength: (distance: number) => number) => {
      const [dx, dy] = [to.x - from.x || 0.01, to.y - from.y || 0.01];
      const distance = Math.max(1, Math.hypot(dx, dy));
      const pulled = pull.get(from.id)!;
      pulled.x += (dx / distance) * strength(distance);
      pulled.y += (dy / distance) * strength(distance);
    };
    for (const a of nodes) for (const b of nodes) if (a !== b) force(a, b, (distance) => -(ideal * ideal) / distance);
    for (const { source, target } of edges) {
      const [a, b] = [place.get(source), place.get(target)];
      if (a === undefined || b === undefined || a === b) continue;
      force(a, b, (distance) => (distance * distance) / ideal);
      force(b, a, (distance) => (distance * distance) / ideal);
    }
    for (const node of nodes) {
      const { x, y } = pull.get(node.id)!;
      const length = Math.max(1, Math.hypot(x, y));
      node.x = Math.min(width - 60, Math.max(60, node.x + (x / length) * Math.min(length, step)));
      node.y = Math.min(height - 26, Math.max(22, node.y + (y / length) * Math.min(length, step)));
    }
  }
  return nodes;
}
