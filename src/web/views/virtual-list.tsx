/** A long list of lines of one height, of which only those in sight are in the document. Layer: web. */
import type { AriaRole, JSX, TargetedKeyboardEvent } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Lines drawn beyond each edge. */
const MARGIN = 12;

interface VirtualListProps {
  readonly count: number;
  readonly lineHeight: number;
  /** The line that must be in sight, when it changes. */
  readonly reveal?: number;
  readonly class?: string;
  readonly label: string;
  readonly role?: AriaRole;
  readonly activeId?: string;
  readonly onKeyDown?: (event: TargetedKeyboardEvent<HTMLDivElement>) => void;
  line(index: number): JSX.Element;
}

/** Draws the list; it fills the height that its class gives it. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const { count, lineHeight, reveal, label, role, activeId, onKeyDown, line } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(480);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    setHeight(element.clientHeight);
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = box.current;
    if (element === null || reveal === undefined || reveal < 0) return;
    const at = reveal * lineHeight;
    if (at < element.scrollTop || at + lineHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = Math.max(0, at - element.clientHeight / 3);
  }, [reveal, lineHeight]);
  const first = Math.max(0, Math.floor(top / lineHeight) - MARGIN);
  const last = Math.min(count, Math.ceil((top + height) / lineHeight) + MARGIN);
  const lines: JSX.Element[] = [];
  for (let index = first; index < last; index++) lines.push(line(index));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is given, and what scrolls must be reachable by keyboard
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: its role is given
    <div
      ref={box}
      class={`virtual ${props.class ?? ''}`}
      role={role ?? 'group'}
      aria-label={label}
      aria-activedescendant={activeId}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: `${count * lineHeight}px` }}>
        <div role="presentation" class="virtual-lines" style={{ transform: `translateY(${first * lineHeight}px)` }}>
          {lines}
        </div>
      </div>
    </div>
  );
}
