import assert from "node:assert/strict";
import { test } from "node:test";
import { userOf } from "../src/settings";
import { wishes } from "../src/transport/transport";
import { WebSocketTransport } from "../src/transport/websocket";

/** A socket whose server greets, and whose network the test holds in its hands. */
class FakeSocket {
  static readonly OPEN = 1;
  static dialled: FakeSocket[] = [];
  /** Addresses with this in them are refused. */
  static refused = "nothing";
  readyState = 1;
  bufferedAmount = 0;
  onclose: ((event: { reason: string }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;

  constructor(readonly url: URL) {
    FakeSocket.dialled.push(this);
    setTimeout(() => (url.href.includes(FakeSocket.refused)
      ? this.onclose?.({ reason: "" })
      : this.onmessage?.({ data: JSON.stringify({ type: "session.created", session: { id: "sess_1" } }) })));
  }

  send(): void {}

  close(): void {
    this.readyState = 3;
  }
}

function dial(closed: string[]): WebSocketTransport {
  FakeSocket.dialled = [];
  Object.assign(globalThis, { WebSocket: FakeSocket, location: { href: "http://127.0.0.1/" }, fetch: async () => new Response("{}") });
  return new WebSocketTransport({ event: () => undefined, sound: () => undefined, closed: (reason) => closed.push(reason) }, "", "mira");
}

test("a line through which nothing leaves any more is given up, once", async () => {
  const closed: string[] = [];
  const line = dial(closed);
  await line.open("");
  const [socket] = FakeSocket.dialled;
  line.sendAudio(new Int16Array(480));
  assert.deepEqual(closed, []);
  socket!.bufferedAmount = 200_000;
  line.sendAudio(new Int16Array(480));
  line.sendAudio(new Int16Array(480));
  socket!.onclose?.({ reason: "late" });
  assert.deepEqual(closed, ["The network does not answer."]);
});

test("a session that cannot go on begins anew", async () => {
  FakeSocket.refused = "resume=";
  await dial([]).open("sess_0");
  FakeSocket.refused = "nothing";
  assert.deepEqual(FakeSocket.dialled.map(({ url }) => url.search), [
    "?model=antiphon&ext=1&user=mira&resume=sess_0", "?model=antiphon&ext=1&user=mira",
  ]);
});

test("a name becomes one that the server takes", () => {
  assert.deepEqual([userOf("  Mira K. "), userOf("_mira!"), userOf("é"), userOf("x".repeat(70)).length], ["Mira_K.", "mira", "", 64]);
  assert.equal(wishes("", ""), "?model=antiphon&ext=1");
});
