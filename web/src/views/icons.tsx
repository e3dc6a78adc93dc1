// Small pictures, drawn here so that nothing is fetched.
const PATHS = {
  mic: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3M9 21h6",
  micOff: "M4 4l16 16M9 9.5V12a3 3 0 0 0 4.5 2.600M15 11V6a3 3 0 0 0-5.700-1.300M5.5 11.5a6.5 6.5 0 0 0 10 5.5M18.5 11.5a6.400 6.400 0 0 1-.5 2.5M12 18v3M9 21h6",
  end: "M6 6l12 12M18 6L6 18",
  send: "M4 12l16-8-5 16-3.5-6.5L4 12Z",
  gear: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM19 12l2-1-1.5-3.5-2.200.5-1.600-1.600.5-2.200L12.700 3h-1.400L7.800 4.200l.5 2.200-1.600 1.600-2.200-.5L3 11l2 1-2 1 1.5 3.5 2.200-.5 1.600 1.600-.5 2.200L11.300 21h1.400l3.5-1.200-.5-2.200 1.600-1.600 2.200.5L21 13l-2-1Z",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 8v4.5l3 1.800",
  help: "M9 9a3 3 0 1 1 4.300 2.700c-.9.5-1.300 1-1.300 2.100M12 17.300v.2",
  save: "M12 4v10M8 10.5l4 4 4-4M5 19h14",
  play: "M8 5.5v13l10-6.5-10-6.5Z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  check: "M5 12.5l4.5 4.5L19 7.5",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  back: "M10 6l-6 6 6 6M4 12h16",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
