/** What every view needs: the session with its state, and the language. Layer: web. */
import { createContext } from 'preact';
import { useContext, useLayoutEffect, useState } from 'preact/hooks';
import type { Facts } from './facts.ts';
import type { Session, SessionState } from './session.ts';
import type { Language, Words } from './words.ts';

/** What is handed down. */
export interface Page {
  readonly session: Session;
  readonly facts: Facts;
  readonly language: Language;
  readonly words: Words;
}

/** Made by the app. */
export const PageContext: ReturnType<typeof createContext<Page | null>> = /* @__PURE__ */ createContext<Page | null>(
  null,
);

/** The page, in any view. */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('a view outside of the page');
  return page;
}

/** The session's state; the view is drawn again when it changes, from the moment that it is there: no change falls between. */
export function useSession(): SessionState {
  const { session } = usePage();
  const [state, setState] = useState(session.state);
  useLayoutEffect(() => session.subscribe(() => setState(session.state)), [session]);
  return state;
}
