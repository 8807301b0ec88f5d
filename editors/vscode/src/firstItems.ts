/**
 * What is offered for a first question where nothing is configured. Pure.
 */

import type { DiscoverResult, FoundServer, ServedModel } from "./protocol";

/** Of a server with more models these are offered; config.toml can name every one. */
const MOST = 6;

/** What the engine, llama.cpp, takes as a wheel. */
export const ENGINE_MB = 34;

export interface FirstItem {
  readonly label: string;
  readonly description?: string;
  readonly detail: string;
  /** One model of a server that answers here. */
  readonly server?: { readonly origin: string; readonly model: string };
  /** The built-in model of this name. */
  readonly builtIn?: string;
}

/** One row a model that answers on this machine, and below them the built-in one with what it downloads. */
export function firstItems({ servers, builtIn, configFolder }: DiscoverResult): FirstItem[] {
  const found = servers.flatMap((server) =>
    server.models.slice(0, MOST).map((model) => served(server, model, configFolder)),
  );
  return [
    ...found,
    {
      label: `$(cloud-download) Built-in model: ${builtIn.name}`,
      description: download(builtIn),
      detail: "Runs in codex-ls, on this machine alone: no account and no key",
      builtIn: builtIn.name,
    },
    {
      label: "$(book) Set Up by Hand",
      detail: "Getting Started: other model servers, the cloud, and config.toml",
    },
  ];
}

function served({ title, origin }: FoundServer, model: ServedModel, folder: string): FirstItem {
  const { name, loaded } = model;
  return {
    label: `$(device-desktop) ${name}`,
    description: [title, ...(loaded === undefined ? [] : [loaded ? "loaded" : "not loaded"])].join(" · "),
    detail: `${origin} · writes a profile into ${folder}`,
    server: { origin, model: name },
  };
}

function download({ loaded, size }: ServedModel): string {
  const engine = `its engine (${ENGINE_MB} MB) if that is missing`;
  if (loaded === true) return `is here; downloads ${engine}`;
  return size === undefined
    ? `downloads it, and ${engine}`
    : `downloads ${megabytes(size)} MB, and ${engine}`;
}

/** "1,117": as builtinModel's question has it. */
export function megabytes(bytes: number): string {
  return Math.round(bytes / 1e6).toLocaleString("en");
}
