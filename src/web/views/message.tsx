/** A KMIP message: its items by name, and its other forms to copy. Layer: web. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { formatMessage, type TtlvReport } from '../../inspect/index.ts';
import { usePage } from '../context.ts';
import { dissect, type Loaded } from '../session.ts';
import { Tree } from './bytes.tsx';
import { Copy } from './parts.tsx';

/** The view; the place of the fault where it is not a message. */
export function Message({ file, report }: { readonly file: Loaded; readonly report: TtlvReport }): JSX.Element {
  const { words } = usePage();
  const [selected, setSelected] = useState(0);
  const dissection = useMemo(() => (report.fault === null ? dissect(file) : null), [file, report]);
  if (dissection === null)
    return <p class="fault">{report.fault?.offset == null ? words.opaque : words.faultAt(report.fault.offset)}</p>;
  const form = (name: 'text' | 'xml' | 'json') => (): string => formatMessage(file.bytes, report.kind, name);
  return (
    <div class="message">
      <p class="tools">
        <Copy text={form('text')}>{words.copyText}</Copy>
        <Copy text={form('xml')}>{words.copyXml}</Copy>
        <Copy text={form('json')}>{words.copyJson}</Copy>
        <span class="hint">{words.redactedHint}</span>
      </p>
      <Tree dissection={dissection} selected={selected} onSelect={setSelected} whole />
    </div>
  );
}
