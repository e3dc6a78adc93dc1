// A modal dialog: the browser keeps the focus inside and closes it with Escape.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => { if (before instanceof HTMLElement) before.focus(); };
  }, []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={close} onClick={(event) => { if (event.target === dialog.current) close(); }}>
      <header><h2>{title}</h2><button type="button" class="round" onClick={close} title="Close"><Icon name="end" /><span class="unseen">Close</span></button></header>
      <div class="body">{children}</div>
    </dialog>
  );
}
