/**
 * The bytes of a file beside its elements, each leading to the other. Header and content are told apart by brackets and weight, not
 * by colour alone. Both sides draw only the lines in sight. Layer: web.
 */
import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { type Dissection, type DissectionElement, printableText } from '../../inspect/index.ts';
import { usePage } from '../context.ts';
import { dissect, type Loaded } from '../session.ts';
import { Copy } from './parts.tsx';
import { VirtualList } from './virtual-list.tsx';

const LINE = 22;
const BYTES_A_LINE = 16;
/** Levels open at first: of a short message all. */
const OPEN_DEPTH = 3;
const SHORT = 500;
const SEARCH_LIMIT = 200_000;

/** The view; a fault where the file cannot be taken apart. */
export function Bytes({ file }: { readonly file: Loaded }): JSX.Element {
  const { words } = usePage();
  const { dissection, fault } = useMemo(() => attempt(file), [file]);
  const [selected, setSelected] = useState(0);
  const bytes = dissection?.bytes ?? file.bytes;
  const offset = file.report.fault?.offset ?? null;
  return (
    <div class="bytes">
      {dissection?.wasBer === true && <p class="hint">{words.wasBer}</p>}
      {offset !== null && <p class="fault">{words.faultAt(offset)}</p>}
      {fault !== null && offset === null && <p class="fault">{fault}</p>}
      <div class={dissection === null ? 'panes single' : 'panes'}>
        {dissection !== null && <Tree dissection={dissection} selected={selected} onSelect={setSelected} />}
        <Hex
          bytes={bytes}
          fault={offset}
          element={dissection === null ? null : dissection.element(selected)}
          onByte={(at) => {
            const index = dissection?.at(at) ?? -1;
            if (index >= 0) setSelected(index);
          }}
        />
      </div>
    </div>
  );
}

function attempt(file: Loaded): { readonly dissection: Dissection | null; readonly fault: string | null } {
  try {
    return { dissection: dissect(file), fault: null };
  } catch (error) {
    return { dissection: null, fault: String((error as Error).message) };
  }
}

interface TreeProps {
  readonly dissection: Dissection;
  readonly selected: number;
  readonly onSelect: (index: number) => void;
  /** Open at first, where it is short. */
  readonly whole?: boolean;
}

/** The elements as a tree that opens and closes. */
export function Tree({ dissection, selected, onSelect, whole }: TreeProps): JSX.Element {
  const { words } = usePage();
  const [toggled, setToggled] = useState<ReadonlySet<number>>(new Set());
  const [search, setSearch] = useState('');
  const openDepth = whole === true && dissection.count <= SHORT ? Number.POSITIVE_INFINITY : OPEN_DEPTH;
  const isOpen = (index: number, depth: number): boolean => toggled.has(index) !== depth < openDepth;
  const lines = useMemo(() => visibleLines(dissection, isOpen, selected), [dissection, toggled, selected]);
  const toggle = (index: number): void => {
    const next = new Set(toggled);
    if (!next.delete(index)) next.add(index);
    setToggled(next);
  };
  const at = lines.indexOf(selected);
  const element = dissection.element(selected);
  const move = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const { key } = event;
    const hasChildren = element.next > selected + 1;
    const target =
      key === 'ArrowDown'
        ? lines[at + 1]
        : key === 'ArrowUp'
          ? lines[at - 1]
          : key === 'Home'
            ? lines[0]
            : key === 'End'
              ? lines[lines.length - 1]
              : key === 'ArrowLeft' && !(hasChildren && isOpen(selected, element.depth))
                ? element.parent
                : undefined;
    if (
      (key === 'ArrowRight' && hasChildren && !isOpen(selected, element.depth)) ||
      (key === 'ArrowLeft' && target === undefined)
    )
      toggle(selected);
    else if (target !== undefined && target >= 0) onSelect(target);
    else if (key !== 'ArrowRight') return;
    event.preventDefault();
  };
  const find = (from: number): void => {
    const found = findElement(dissection, search, from);
    if (found >= 0) onSelect(found);
  };
  return (
    <section class="tree" aria-label={words.tree}>
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          find(selected + 1);
        }}
      >
        <input
          type="search"
          class="search"
          aria-label={words.search}
          placeholder={words.search}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <Copy text={() => pathOf(dissection, selected)}>{words.copyPath}</Copy>
        <Copy text={() => toHex(bytesOf(dissection, element))}>{words.copyHex}</Copy>
        <Copy text={() => toBase64(bytesOf(dissection, element))}>{words.copyBase64}</Copy>
      </form>
      <VirtualList
        count={lines.length}
        lineHeight={LINE}
        reveal={at}
        role="tree"
        label={words.tree}
        activeId={`element-${selected}`}
        onKeyDown={move}
        line={(line) => {
          const index = lines[line] as number;
          const item = dissection.element(index);
          const hasChildren = item.next > index + 1;
          const open = hasChildren && isOpen(index, item.depth);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it takes the keys
            <div
              key={index}
              id={`element-${index}`}
              class={index === selected ? 'line selected' : 'line'}
              role="treeitem"
              tabIndex={-1}
              aria-level={item.depth + 1}
              aria-selected={index === selected}
              {...(hasChildren && { 'aria-expanded': open })}
              style={{ paddingInlineStart: `${item.depth * 14 + 4}px` }}
              onClick={() => (index === selected && hasChildren ? toggle(index) : onSelect(index))}
            >
              <span class="twisty" aria-hidden="true">
                {hasChildren ? (open ? '▾' : '▸') : '·'}
              </span>
              <span class="name">{item.name}</span>
              <span class="value">{printableText(item.value).slice(0, 120)}</span>
              <span class="place">{item.offset}</span>
            </div>
          );
        }}
      />
    </section>
  );
}

/** The elements in sight: those all of whose outer ones are open, and those around the selected one. */
function visibleLines(
  dissection: Dissection,
  isOpen: (index: number, depth: number) => boolean,
  selected: number,
): readonly number[] {
  const around = new Set<number>();
  for (let index = selected; index >= 0; index = dissection.element(index).parent) around.add(index);
  const lines: number[] = [];
  for (let index = 0; index < dissection.count; ) {
    lines.push(index);
    const { depth, next } = dissection.element(index);
    const leadsToSelected = index !== selected && around.has(index);
    index = isOpen(index, depth) || leadsToSelected ? index + 1 : next;
  }
  return lines;
}

function findElement(dissection: Dissection, text: string, from: number): number {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return -1;
  const offset = /^@?(0x[0-9a-f]+|\d+)$/.test(wanted) ? Number(wanted.replace('@', '')) : -1;
  if (offset >= 0) return dissection.at(offset);
  const count = Math.min(dissection.count, SEARCH_LIMIT);
  for (let step = 0; step < count; step++) {
    const index = (from + step) % count;
    const { name, value } = dissection.element(index);
    if (`${name} ${value}`.toLowerCase().includes(wanted)) return index;
  }
  return -1;
}

function pathOf(dissection: Dissection, index: number): string {
  const names: string[] = [];
  for (let at = index; at >= 0; at = dissection.element(at).parent) names.unshift(dissection.element(at).name);
  return `${names.join(' > ')} @${dissection.element(index).offset}`;
}

function bytesOf({ bytes }: Dissection, { offset, headerBytes, contentBytes }: DissectionElement): Uint8Array {
  return bytes.subarray(offset, offset + headerBytes + contentBytes);
}

interface HexProps {
  readonly bytes: Uint8Array;
  readonly element: DissectionElement | null;
  readonly fault: number | null;
  readonly onByte: (offset: number) => void;
}

/** The bytes, sixteen a line; the selected element's are marked. */
function Hex({ bytes, element, fault, onByte }: HexProps): JSX.Element {
  const { words } = usePage();
  const count = Math.ceil(bytes.length / BYTES_A_LINE);
  const target = fault ?? element?.offset ?? -1;
  return (
    <section class="hex" aria-label={words.hex}>
      {element !== null && (
        <p class="legend">
          <span class="mono">
            <span class="byte header">00</span> {`${words.header} ${element.headerBytes}`}{' '}
            <span class="byte content">00</span> {`${words.content} ${element.contentBytes}`}
          </span>
        </p>
      )}
      <VirtualList
        count={count}
        lineHeight={LINE}
        reveal={Math.floor(target / BYTES_A_LINE)}
        label={words.hex}
        line={(line) => (
          <HexLine
            key={line}
            bytes={bytes}
            start={line * BYTES_A_LINE}
            element={element}
            fault={fault}
            onByte={onByte}
          />
        )}
      />
    </section>
  );
}

function HexLine({ bytes, start, element, fault, onByte }: HexProps & { readonly start: number }): JSX.Element {
  const line = bytes.subarray(start, start + BYTES_A_LINE);
  const cells: JSX.Element[] = [];
  let ascii = '';
  for (const [i, byte] of line.entries()) {
    const offset = start + i;
    cells.push(
      // biome-ignore lint/a11y/useKeyWithClickEvents: the tree is the way by keyboard
      // biome-ignore lint/a11y/noStaticElementInteractions: the same
      <span
        key={i}
        class={`byte ${partOf(offset, element)}${offset === fault ? ' faulty' : ''}`}
        onClick={() => onByte(offset)}
      >
        {byte.toString(16).padStart(2, '0')}
      </span>,
    );
    ascii += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
  }
  return (
    <div class="line mono">
      <span class="place">{start.toString(16).padStart(6, '0')}</span>
      <span class="cells">{cells}</span>
      <span class="ascii" aria-hidden="true">
        {ascii}
      </span>
    </div>
  );
}

function partOf(offset: number, element: DissectionElement | null): 'header' | 'content' | '' {
  if (element === null || offset < element.offset) return '';
  if (offset < element.offset + element.headerBytes) return 'header';
  return offset < element.offset + element.headerBytes + element.contentBytes ? 'content' : '';
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
