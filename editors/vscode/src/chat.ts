/**
 * VS Code's own chat, where it has one: the participant `@codex` (1.90), and the profiles as models (1.104).
 */

import { hasParticipants, registerModels } from "./chatApi";
import { ChatModels, VENDOR } from "./chatModels";
import { Participant } from "./chatParticipant";
import type { ChatSurroundings } from "./chatParticipant";
import type { Profiles } from "./profilePicker";
import type { Server } from "./server";

export function registerChat(
  server: Server,
  profiles: Profiles,
  surroundings: ChatSurroundings,
): { dispose(): unknown }[] {
  const registered: { dispose(): unknown }[] = [];
  const models = registerModels(VENDOR, (parts) => {
    const provider = new ChatModels(server, profiles, parts);
    registered.push(provider);
    return provider;
  });
  if (models) registered.push(models);
  if (hasParticipants()) registered.push(new Participant(surroundings));
  return registered;
}
