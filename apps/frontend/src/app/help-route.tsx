import { getRouteApi } from "@tanstack/react-router";
import { HelpPage } from "@/features/help/components/help-page";
import { useTitle } from "@/lib/use-title";

const route = getRouteApi("/help/{-$name}");

export function HelpRoute() {
  const { name } = route.useParams();
  useTitle("Help");
  return <HelpPage name={name ?? "user-guide"} />;
}
